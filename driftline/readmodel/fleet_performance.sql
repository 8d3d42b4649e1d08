-- The newest conclusive quality of each version by the metric that decides; an inconclusive one only when there is
--   no other, an estimate only where labels decide nothing.
-- Parameters: model String, empty for all; since_ms Int64 Unix milliseconds: oldest window looked at.
-- Columns: one row a model, version and metric; value, lower, upper, baseline_value in the metric's
--   unit (accuracy: 0..1).
-- Reads performance by its key (model, version, metric, window_start).
SELECT
    toString(model) AS model,
    toString(version) AS version,
    toString(metric) AS metric,
    newest.1 AS window_start,
    newest.2 AS window_end,
    newest.3 AS value,
    newest.4 AS lower,
    newest.5 AS upper,
    newest.6 AS baseline_value,
    newest.7 AS labelled,
    newest.8 AS rows,
    newest.9 AS status,
    newest.10 AS basis
FROM
(
    SELECT
        model,
        version,
        metric,
        argMax(
            (window_start, window_end, value, lower, upper, baseline_value, labelled, rows, toString(status), toString(basis)),
            (status != 'insufficient_data', basis = '', window_start)
        ) AS newest
    FROM performance FINAL
    WHERE ({model:String} = '' OR model = {model:String})
      AND window_start >= fromUnixTimestamp64Milli({since_ms:Int64})
      AND segment = '' AND status != 'reported' AND (labelled > 0 OR basis != '')
    GROUP BY model, version, metric
)
