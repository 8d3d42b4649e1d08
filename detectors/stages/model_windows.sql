-- Events of the models of a graph, window by window, in traces or not.
-- Parameters: models Array(String); since, until DateTime64(3), half-open; window_seconds UInt32.
-- Columns: window_start; model; events; traced, those with a trace id; weight, weight_squares, failed_weight:
--   sums (1 / inclusion probability); latency_ms, weighted sum of milliseconds; versions, most frequent first.
-- Reads inference_events by its key (model, ts).
SELECT
    fromUnixTimestamp64Milli(intDiv(toUnixTimestamp64Milli(ts), 1000 * {window_seconds:UInt32}) * 1000 * {window_seconds:UInt32}, 'UTC') AS window_start,
    toString(model) AS model,
    count() AS events,
    countIf(trace_id != '') AS traced,
    sum(e.weight) AS weight,
    sum(e.weight * e.weight) AS weight_squares,
    sumIf(e.weight, status != 'ok') AS failed_weight,
    sum(e.weight * latency_ms) AS latency_ms,
    arrayMap(x -> toString(x), topK(10)(version)) AS versions
FROM inference_events AS e
WHERE e.model IN {models:Array(String)} AND status != 'no_request'
    AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
GROUP BY window_start, model
ORDER BY window_start, model
