-- How fast and how surely two versions answered, as counts by latency and weight.
-- Parameters: model, champion, challenger String; since, until DateTime64(3), half-open.
-- Columns: version; failed 0 or 1; latency_bin, ln(latency in ms) / ln(1.02), rounded down, -32768 when it is not
--   known; weight_level, 2 log2(weight), rounded down; rows; weight_parts, sum over rows of how far their weight lies
--   towards the next level (0..1).
-- Reads inference_events by its key (model, ts). Failed: the server said so, or no answer came.
SELECT
    toString(version) AS version,
    toUInt8(status IN ('error', 'no_response')) AS failed,
    if(failed = 0 AND isFinite(latency_ms) AND latency_ms > 0, toInt16(floor(log(latency_ms) / log(1.02))), toInt16(-32768)) AS latency_bin,
    toInt16(floor(2 * log2(weight))) AS weight_level,
    count() AS rows,
    sum((weight / pow(2., weight_level / 2) - 1) / (sqrt(2.) - 1)) AS weight_parts
FROM inference_events
WHERE model = {model:String} AND version IN ({champion:String}, {challenger:String})
    AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
    AND weight > 0 AND status != 'no_request'
GROUP BY version, failed, latency_bin, weight_level
ORDER BY version, failed, latency_bin, weight_level
