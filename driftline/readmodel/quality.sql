-- Every figure of the newest window that has any, of each version and basis of a model.
-- Parameters: model String; since_ms Int64 Unix milliseconds: oldest window that is looked at.
-- Columns: as performance.sql. Reads performance by the prefix (model) of its key.
SELECT
    toString(version) AS version,
    window_start,
    window_end,
    toString(metric) AS metric,
    toString(segment) AS segment,
    toString(basis) AS basis,
    toString(class_name) AS class_name,
    value,
    lower,
    upper,
    baseline_value,
    baseline_lower,
    baseline_upper,
    risk_lower,
    risk_limit,
    labelled,
    effective_labelled,
    rows,
    evidence,
    threshold,
    toString(status) AS status,
    reason,
    details,
    computed_at
FROM performance FINAL
WHERE model = {model:String} AND (version, basis, window_start) IN (
    SELECT version, basis, max(window_start)
    FROM performance FINAL
    WHERE model = {model:String} AND isFinite(value) AND window_start >= fromUnixTimestamp64Milli({since_ms:Int64})
    GROUP BY version, basis
)
ORDER BY window_start DESC, version DESC, metric, class_name, segment, basis
LIMIT 20000
