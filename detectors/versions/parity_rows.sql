-- Outputs of two versions for the requests that both of them answered or failed.
-- Parameters: model, champion (the original), challenger (the variant) String; since, until DateTime64(3), half-open;
--   way String: `event`, `trace` or `key`; key_slot UInt16, position from 1; number_slots, category_slots
--   Array(UInt16), positions from 1 of the outputs; parts, part UInt32: only requests whose hash leaves `part` when
--   divided by `parts`.
-- Columns: id, event id of the original's answer; failed_a, failed_b 0 or 1; numbers_a, numbers_b, NaN where missing;
--   categories_a, categories_b, U+0000 where missing.
-- Reads inference_events by its key (model, ts).
SELECT a.id AS id, a.failed AS failed_a, b.failed AS failed_b, a.numbers AS numbers_a, b.numbers AS numbers_b,
    a.categories AS categories_a, b.categories AS categories_b
FROM (
    SELECT event_id AS id, status != 'ok' AS failed,
        if(empty({number_slots:Array(UInt16)}), CAST([], 'Array(Float64)'), arrayMap(slot -> if(length(numeric) >= slot, numeric[slot], nan), {number_slots:Array(UInt16)})) AS numbers,
        if(empty({category_slots:Array(UInt16)}), CAST([], 'Array(String)'), arrayMap(slot -> toString(categorical[slot]), {category_slots:Array(UInt16)})) AS categories,
        multiIf({way:String} = 'event', cityHash64(event_id), {way:String} = 'trace', cityHash64(trace_id, extract(event_id, '/\\d+$')), cityHash64(toString(categorical[greatest({key_slot:UInt16}, 1)]))) AS pair
    FROM inference_events
    WHERE model = {model:String} AND version = {champion:String} AND status != 'no_request'
        AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
        AND multiIf({way:String} = 'event', event_id, {way:String} = 'trace', trace_id, toString(categorical[greatest({key_slot:UInt16}, 1)])) NOT IN ('', '\0')
        AND pair % {parts:UInt32} = {part:UInt32}
    ORDER BY pair, ts
    LIMIT 1 BY pair
) AS a
INNER JOIN (
    SELECT status != 'ok' AS failed,
        if(empty({number_slots:Array(UInt16)}), CAST([], 'Array(Float64)'), arrayMap(slot -> if(length(numeric) >= slot, numeric[slot], nan), {number_slots:Array(UInt16)})) AS numbers,
        if(empty({category_slots:Array(UInt16)}), CAST([], 'Array(String)'), arrayMap(slot -> toString(categorical[slot]), {category_slots:Array(UInt16)})) AS categories,
        multiIf({way:String} = 'event', cityHash64(event_id), {way:String} = 'trace', cityHash64(trace_id, extract(event_id, '/\\d+$')), cityHash64(toString(categorical[greatest({key_slot:UInt16}, 1)]))) AS pair
    FROM inference_events
    WHERE model = {model:String} AND version = {challenger:String} AND status != 'no_request'
        AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
        AND multiIf({way:String} = 'event', event_id, {way:String} = 'trace', trace_id, toString(categorical[greatest({key_slot:UInt16}, 1)])) NOT IN ('', '\0')
        AND pair % {parts:UInt32} = {part:UInt32}
    ORDER BY pair, ts
    LIMIT 1 BY pair
) AS b ON a.pair = b.pair
ORDER BY id
