-- A bounded sample of a stage's events, one a trace: those with the smallest hash of their trace id, so that
-- the samples of all stages hold the same traces. Events without one count as traces of their own.
-- Parameters: model String; since, until DateTime64(3), half-open; most_rows UInt32; width, texts UInt16: numeric
--   and categorical slots of the contract.
-- Columns, arrays of one item a row, in the order of time: traces; times, Unix milliseconds; weights; failed;
--   latencies, milliseconds; numbers, row by row, width of them each, NaN where missing; texts, row by row,
--   texts of them each, U+0000 where missing.
-- Reads inference_events by its key (model, ts); the arrays only of rows that can be among the smallest.
WITH
    (
        SELECT least(1., 4. * {most_rows:UInt32} / greatest(count(), 1))
        FROM inference_events
        WHERE model = {model:String} AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
    ) AS share
SELECT
    groupArray(trace) AS traces,
    groupArray(toUnixTimestamp64Milli(ts)) AS times,
    groupArray(weight) AS weights,
    groupArray(failed) AS failed,
    groupArray(latency_ms) AS latencies,
    arrayFlatten(groupArray(numbers)) AS numbers,
    arrayFlatten(groupArray(cells)) AS texts
FROM (
    SELECT *
    FROM (
        SELECT
            if(trace_id = '', concat('event ', event_id), trace_id) AS trace,
            ts,
            weight,
            status != 'ok' AS failed,
            latency_ms,
            arrayResize(numeric, {width:UInt16}, nan) AS numbers,
            arrayResize(arrayMap(x -> toString(x), categorical), {texts:UInt16}, char(0)) AS cells
        FROM inference_events
        WHERE model = {model:String} AND status != 'no_request'
            AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
            AND cityHash64(trace) <= share * 18446744073709551615.
        ORDER BY cityHash64(trace), trace, ts, event_id
        LIMIT 1 BY trace
        LIMIT {most_rows:UInt32}
    )
    ORDER BY ts, trace
)
