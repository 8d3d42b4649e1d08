-- Fields of the model in its newest closed window of the range, strongest first.
-- Columns: field, version, status, effect and detectable effect (standard units), evidence and what is
--   needed, statistics, rows.
SELECT
    field AS "Field",
    version AS "Version",
    status AS "Status",
    effect AS "Effect",
    minimum_detectable_effect AS "Detectable",
    evidence AS "Evidence",
    threshold AS "Needed",
    statistics['psi'] AS "PSI",
    statistics['jensen_shannon'] AS "Jensen-Shannon",
    rows AS "Rows",
    effective_rows AS "Effective rows"
FROM findings FINAL
WHERE model = ${model:singlequote}
  AND (version, window_start) IN
  (
      SELECT argMax(version, (window_start, rows)), max(window_start)
      FROM windows FINAL
      WHERE model = ${model:singlequote} AND $__timeFilter(window_start)
  )
ORDER BY if(isFinite(evidence / threshold), abs(evidence) / threshold, 0) DESC, field
