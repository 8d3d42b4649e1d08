-- Predictions of the whole fleet that passed the collectors.
-- Columns: predictions in the range.
SELECT sum(seen) AS predictions FROM coverage WHERE $__timeFilter(ts)
