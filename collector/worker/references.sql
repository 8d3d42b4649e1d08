-- What the descriptors of some models compare with.
-- Parameters: models Array(String).
-- Columns: model, version, field, body (JSON); one row each. The first row committed wins.
-- Reads descriptor_references by its key (model, version, field, written_at).
SELECT model, version, field, argMin(body, _block_number) AS body
FROM descriptor_references
WHERE model IN {models:Array(String)}
GROUP BY model, version, field
