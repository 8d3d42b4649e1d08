-- The evidence of every field of every model in its newest window, one row a version.
-- Parameters: since_ms Int64 Unix milliseconds: oldest window start that is looked at.
-- Columns: one row a model and version that serves, which is one whose newest window is the model's newest.
--   budget: false episodes a year of all its fields and segments together; then arrays, one element a finding
--   that was decided: field, segment, evidence and threshold (standardised deviations), and field_budget, the
--   false episodes a year of that field. No elements: nothing could be decided.
-- Reads windows by its key, then findings by the prefix (model, version, window_start) of its key: one window a
--   version, however long the history is.
WITH newest AS
(
    SELECT model, version, last_window AS window_start, last_end AS window_end
    FROM
    (
        SELECT
            model,
            version,
            max(window_start) AS last_window,
            argMax(window_end, window_start) AS last_end,
            max(last_window) OVER (PARTITION BY model) AS of_model
        FROM windows
        WHERE window_start >= fromUnixTimestamp64Milli({since_ms:Int64})
        GROUP BY model, version
    )
    WHERE last_window = of_model
)
SELECT
    toString(newest.model) AS model,
    toString(newest.version) AS version,
    newest.window_start AS window_start,
    newest.window_end AS window_end,
    found.budget AS budget,
    found.fields AS fields,
    found.segments AS segments,
    found.evidence AS evidence,
    found.thresholds AS thresholds,
    found.field_budgets AS field_budgets
FROM newest
LEFT JOIN
(
    SELECT
        model,
        version,
        sumIf(field_budget, change IN ('', 'distribution') AND field_budget > 0) AS budget,
        groupArrayIf(field, counts) AS fields,
        groupArrayIf(toString(segment), counts) AS segments,
        groupArrayIf(evidence, counts) AS evidence,
        groupArrayIf(threshold, counts) AS thresholds,
        groupArrayIf(field_budget, counts) AS field_budgets
    FROM
    (
        -- The newest row of each finding; FINAL would merge the whole history first.
        SELECT
            model, version, field, segment, change, evidence, threshold, budget AS field_budget,
            isFinite(evidence) AND isFinite(threshold) AND field_budget > 0 AS counts
        FROM findings
        WHERE (model, version, window_start) IN (SELECT model, version, window_start FROM newest)
          AND change IN ('', 'distribution', 'missing', 'unseen')
        ORDER BY computed_at DESC
        LIMIT 1 BY model, version, field, segment, change
    )
    GROUP BY model, version
) AS found ON found.model = newest.model AND found.version = newest.version
ORDER BY model, version
