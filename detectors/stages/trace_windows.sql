-- Stages of joined traces, window by window.
-- Parameters: models Array(String), the stages' models, each after those before it; ancestors Array(Array(String)),
--   the models before each, directly or not; since, until DateTime64(3), half-open; window_seconds UInt32;
--   share Float64 in (0, 1], of the traces that are taken, those with the smallest hash of their id.
-- Columns: window_start, of the trace's first event; place, 1-based in models; traces, all of the window;
--   complete, those with every stage; present, those with this stage; failed, first_failed: traces where it
--   failed, and where it did and no stage before it; expected, absent: weight of the traces in which every stage
--   before it answered and that a collector sampling by trace would have kept for it too, and of those without
--   it; expected_squares, of these weights; duration_ms, elapsed_ms: weighted sums over complete traces of the
--   time in this stage and of that from first request to last answer.
-- A trace weighs as much as its rarest kept event (1 / inclusion probability): sampled by trace, kept sets are
-- nested. Several events of a stage in a trace are one, from the first request to the last answer.
-- Reads inference_events by its key (model, ts).
WITH
    heaviest AS (
        SELECT arrayMap(m -> arrayMax(arrayMap(x -> if(x.1 = m, x.2, 0.), groupArray((name, most)))), {models:Array(String)}) AS weights
        FROM (
            SELECT toString(model) AS name, max(weight) AS most
            FROM inference_events
            WHERE model IN {models:Array(String)} AND status != 'no_request'
                AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
            GROUP BY name
        )
    ),
    traces AS (
        SELECT
            intDiv(min(began), 1000 * {window_seconds:UInt32}) * 1000 * {window_seconds:UInt32} AS window_ms,
            max(done) - min(began) AS elapsed,
            max(steps.heavy) AS heavy,
            count() AS stages,
            groupArray(name) AS names,
            groupArray(done - began) AS durations,
            groupArray(failed) AS failures
        FROM (
            SELECT
                trace_id,
                toString(model) AS name,
                min(toUnixTimestamp64Milli(ts)) AS began,
                max(toUnixTimestamp64Milli(ts) + greatest(latency_ms, 0)) AS done,
                max(status != 'ok') AS failed,
                max(weight) AS heavy
            FROM inference_events
            WHERE model IN {models:Array(String)} AND trace_id != '' AND status != 'no_request'
                AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
                AND cityHash64(trace_id) <= {share:Float64} * 18446744073709551615.
            GROUP BY trace_id, name
        ) AS steps
        GROUP BY trace_id
    )
SELECT
    fromUnixTimestamp64Milli(window_ms, 'UTC') AS window_start,
    place,
    count() AS traces,
    countIf(stages = length({models:Array(String)})) AS complete,
    countIf(at > 0) AS present,
    countIf(broke) AS failed,
    countIf(broke AND NOT arrayExists((n, f) -> f = 1 AND has(before, n), names, failures)) AS first_failed,
    sumIf(heavy, due) AS expected,
    sumIf(heavy, due AND at = 0) AS absent,
    sumIf(heavy * heavy, due) AS expected_squares,
    sumIf(heavy * durations[at], at > 0 AND stages = length({models:Array(String)})) AS duration_ms,
    sumIf(heavy * elapsed, stages = length({models:Array(String)})) AS elapsed_ms
FROM (
    SELECT
        traces.*,
        place,
        before,
        indexOf(names, model) AS at,
        at > 0 AND failures[at] = 1 AS broke,
        -- What was kept of a model sampled more sparsely than the trace is absent by design.
        arrayAll(b -> has(names, b) AND failures[indexOf(names, b)] = 0, before)
            AND (at > 0 OR heavy >= (SELECT weights FROM heaviest)[place]) AND notEmpty(before) AS due
    FROM traces
    ARRAY JOIN {models:Array(String)} AS model, {ancestors:Array(Array(String))} AS before, arrayEnumerate({models:Array(String)}) AS place
)
GROUP BY window_start, place
ORDER BY window_start, place
