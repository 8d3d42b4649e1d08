-- Versions that were made for episodes.
-- Parameters: episode_ids Array(String); models Array(String) and opened Array(DateTime64(3)), as long: of each episode
--   its model and when it opened.
-- Columns: episode_id; version, told by its newest retrain that succeeded, else the newest candidate that the gate
--   looked at since the episode opened.
-- Reads actions of the episodes, and gate_reports by the prefix (model) of its key.
WITH asked AS (
    SELECT arrayJoin(arrayZip({episode_ids:Array(String)}, {models:Array(String)}, {opened:Array(String)})) AS one,
        one.1 AS episode_id, one.2 AS model, parseDateTime64BestEffort(one.3, 6, 'UTC') AS opened_at
),
made AS (
    SELECT episode_id, argMax(JSONExtractString(outcome, 'detail', 'candidate'), at) AS version
    FROM actions
    WHERE episode_id IN {episode_ids:Array(String)} AND kind = 'retrain' AND state = 'succeeded'
        AND JSONExtractString(outcome, 'detail', 'candidate') != ''
    GROUP BY episode_id
),
judged AS (
    SELECT asked.episode_id AS episode_id, argMax(toString(r.version), r.made_at) AS version
    FROM asked
    INNER JOIN (
        SELECT model, version, made_at
        FROM gate_reports
        WHERE model IN {models:Array(String)}
    ) AS r ON r.model = asked.model
    WHERE r.made_at >= asked.opened_at
    GROUP BY episode_id
)
SELECT asked.episode_id AS episode_id, if(made.version != '', made.version, judged.version) AS version
FROM asked
LEFT JOIN made ON made.episode_id = asked.episode_id
LEFT JOIN judged ON judged.episode_id = asked.episode_id
WHERE version != ''
