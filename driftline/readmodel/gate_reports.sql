-- Reports of the gate, the newest first.
-- Parameters: model, version String, version empty for all; most UInt32.
-- Columns: body, the report as JSON.
-- Reads gate_reports by the prefix (model, version) of its key.
SELECT body
FROM gate_reports
WHERE model = {model:String} AND ({version:String} = '' OR version = {version:String})
ORDER BY made_at DESC
LIMIT {most:UInt32}
