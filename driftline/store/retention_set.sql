-- Rows of a table are deleted so many days after the time in a column. DDL takes no parameters: table, column
-- and days are filled in, from a closed list and as whole numbers.
-- Stored parts learn their new age in the background; the table can be used meanwhile.
ALTER TABLE {table} MODIFY TTL toDateTime({column}) + INTERVAL {days} DAY
