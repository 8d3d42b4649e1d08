-- Share of the fleet's predictions that the collectors lost, for any reason other than sampling.
-- Columns: lost, 0..1.
SELECT sum(arraySum(mapValues(dropped))) / nullIf(sum(seen), 0) AS lost
FROM coverage
WHERE $__timeFilter(ts)
