-- Newest contract of some models, or of every model when {models} is empty.
-- Parameters: models Array(String).
-- Columns: model, body (JSON); one row a model. The first row committed for a revision wins.
-- Reads contracts by its key (model, revision, written_at).
SELECT model, argMin(body, (-toInt64(revision), _block_number)) AS body
FROM contracts
WHERE empty({models:Array(String)}) OR model IN {models:Array(String)}
GROUP BY model
ORDER BY model
