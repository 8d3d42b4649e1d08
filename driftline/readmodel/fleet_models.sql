-- Every registered model with its owner, at its newest contract.
-- Parameters: model String, empty for all.
-- Columns: model, team, description; one row a model. The first row committed for a revision wins.
-- Reads contracts by its key (model, revision, written_at).
SELECT
    model,
    JSONExtractString(newest, 'team') AS team,
    JSONExtractString(newest, 'description') AS description
FROM
(
    SELECT model, argMin(body, (-toInt64(revision), _block_number)) AS newest
    FROM contracts
    WHERE {model:String} = '' OR model = {model:String}
    GROUP BY model
)
ORDER BY model
