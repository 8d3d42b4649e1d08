-- Engine of a table of this database.
-- Parameters: table String.
-- Columns: engine, as ClickHouse names it ('MergeTree', 'ReplicatedMergeTree', 'Distributed').
SELECT engine FROM system.tables WHERE database = currentDatabase() AND name = {table:String}
