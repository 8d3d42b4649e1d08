-- Requests of two versions, and those that only one of them got.
-- Parameters: model, champion (the original), challenger (the variant) String; since, until DateTime64(3), half-open;
--   way String: `event`, `trace` or `key`; key_slot UInt16, position from 1; parts, part UInt32: only requests whose
--   hash leaves `part` when divided by `parts`.
-- Columns: rows_a, rows_b, requests of each; only_a, only_b, of them without a counterpart; examples_a, examples_b,
--   five of their event ids, in order.
-- Reads inference_events by its key (model, ts).
SELECT
    countIf(in_a) AS rows_a,
    countIf(in_b) AS rows_b,
    countIf(NOT in_b) AS only_a,
    countIf(NOT in_a) AS only_b,
    arraySort(groupArraySortedIf(5)(id, NOT in_b)) AS examples_a,
    arraySort(groupArraySortedIf(5)(id, NOT in_a)) AS examples_b
FROM (
    SELECT
        multiIf({way:String} = 'event', cityHash64(event_id), {way:String} = 'trace', cityHash64(trace_id, extract(event_id, '/\\d+$')), cityHash64(toString(categorical[greatest({key_slot:UInt16}, 1)]))) AS pair,
        max(version = {champion:String}) AS in_a,
        max(version = {challenger:String}) AS in_b,
        min(event_id) AS id
    FROM inference_events
    WHERE model = {model:String} AND version IN ({champion:String}, {challenger:String}) AND status != 'no_request'
        AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
        AND multiIf({way:String} = 'event', event_id, {way:String} = 'trace', trace_id, toString(categorical[greatest({key_slot:UInt16}, 1)])) NOT IN ('', '\0')
        AND pair % {parts:UInt32} = {part:UInt32}
    GROUP BY pair
)
