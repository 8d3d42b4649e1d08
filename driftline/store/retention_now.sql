-- After how many days rows of some tables are deleted.
-- Parameters: tables Array(String).
-- Columns: name; days, 0 when rows are not deleted by age.
SELECT name, toUInt32OrZero(extract(engine_full, ' TTL .*toIntervalDay\\((\\d+)\\)')) AS days
FROM system.tables
WHERE database = currentDatabase() AND name IN {tables:Array(String)}
