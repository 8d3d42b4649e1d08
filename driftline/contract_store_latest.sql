-- Newest contract of one model, or of every model when {model} is empty.
-- Parameters: model String.
-- Columns: model, body (JSON); one row a model. The first row committed for a revision wins.
-- Reads contracts by its key (model, revision, written_at).
SELECT model, argMin(body, (-toInt64(revision), _block_number)) AS body
FROM contracts
WHERE {model:String} = '' OR model = {model:String}
GROUP BY model
ORDER BY model
