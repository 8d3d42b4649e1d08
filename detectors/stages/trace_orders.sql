-- In which order models answer within traces: for each pair of models that share traces, how often which
-- was done before the other began.
-- Parameters: since, until DateTime64(3), half-open; most_traces UInt32, those with the smallest hash of their
--   id; most_models UInt16, models of a trace beyond these, in the order of time, are left out.
-- Columns: first, second, models, first < second as texts; together, traces with both; ahead, of these where
--   first had answered when second began; behind, the other way round; around, where second ran within first;
--   within, where first ran within second.
-- Answers that came in the millisecond in which the other was asked count as before it, unless both began in it.
-- Reads inference_events by time only (every model of the range): bounded by the range.
WITH
(
    SELECT least(1., 50. * {most_traces:UInt32} / greatest(count(), 1))
    FROM inference_events
    WHERE ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')} AND trace_id != ''
) AS share,
traces AS (
    SELECT trace_id, arraySlice(arraySort(x -> (x.2, x.1), groupArray((name, began, done))), 1, {most_models:UInt16}) AS steps
    FROM (
        SELECT
            trace_id,
            toString(model) AS name,
            min(toUnixTimestamp64Milli(ts)) AS began,
            max(toUnixTimestamp64Milli(ts) + greatest(latency_ms, 0)) AS done
        FROM inference_events
        WHERE ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')} AND trace_id != ''
            -- A trace has a few dozen events at most: enough traces are left, and memory stays bounded.
            AND cityHash64(trace_id) <= share * 18446744073709551615.
        GROUP BY trace_id, name
    )
    GROUP BY trace_id
    HAVING length(steps) > 1
    ORDER BY cityHash64(trace_id), trace_id
    LIMIT {most_traces:UInt32}
)
SELECT
    a.1 AS first,
    b.1 AS second,
    count() AS together,
    countIf(a.3 <= b.2 AND a.2 < b.2) AS ahead,
    countIf(b.3 <= a.2 AND b.2 < a.2) AS behind,
    countIf(a.2 <= b.2 AND b.3 <= a.3 AND NOT (a.3 <= b.2 AND a.2 < b.2)) AS around,
    countIf(b.2 <= a.2 AND a.3 <= b.3 AND NOT (b.3 <= a.2 AND b.2 < a.2)) AS within
FROM traces
ARRAY JOIN steps AS a
ARRAY JOIN steps AS b
WHERE a.1 < b.1
GROUP BY first, second
ORDER BY first, second
