-- Business figures that are columns of the event, kept like labels that came with it.
-- Parameters: model String; recipe UInt64; kpis Array(String), their names; kpi_slots Array(UInt16), positions
--   from 1; category_slot, number_slot UInt16 of the prediction, 0 for none; score_slots, segment_slots
--   Array(UInt16); since, until DateTime64(3), half-open range of event times; received_since DateTime64(3), only
--   events received from then on; moment DateTime64(6).
-- Writes labelled_events, but not again what is there. The weight is the event's: nobody chose whom to label.
-- Reads inference_events by its key (model, ts), labelled_events by the prefix (model, recipe, name) of its key.
INSERT INTO labelled_events (model, recipe, name, version, ts, event_key, weight, truth, prediction, truth_value,
    predicted_value, scores, truth_text, prediction_text, segments, labelled_at, label_received_at, joined_at)
SELECT
    {model:String},
    {recipe:UInt64},
    kpi.1,
    i.version,
    ts,
    cityHash64(event_id) AS event_key,
    i.weight,
    '',
    if({category_slot:UInt16} = 0, '', replaceAll(toString(categorical[greatest({category_slot:UInt16}, 1)]), '\0', '')),
    numeric[kpi.2],
    if({number_slot:UInt16} = 0, nan, if(length(numeric) >= {number_slot:UInt16}, numeric[greatest({number_slot:UInt16}, 1)], nan)),
    if(empty({score_slots:Array(UInt16)}), CAST([], 'Array(Float64)'), arrayMap(slot -> if(length(numeric) >= slot, numeric[slot], nan), {score_slots:Array(UInt16)})),
    '',
    '',
    if(empty({segment_slots:Array(UInt16)}), CAST([], 'Array(String)'), arrayMap(slot -> replaceAll(toString(categorical[slot]), '\0', ''), {segment_slots:Array(UInt16)})),
    ts,
    received_at,
    {moment:DateTime64(6, 'UTC')}
FROM inference_events AS i
ARRAY JOIN arrayZip({kpis:Array(String)}, {kpi_slots:Array(UInt16)}) AS kpi
WHERE model = {model:String} AND status = 'ok'
    AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
    AND received_at >= {received_since:DateTime64(3, 'UTC')}
    AND length(numeric) >= kpi.2 AND isFinite(numeric[kpi.2])
    AND (event_key, ts, kpi.1) NOT IN (
        SELECT event_key, ts, name
        FROM labelled_events
        WHERE model = {model:String} AND recipe = {recipe:UInt64} AND name IN {kpis:Array(String)}
            AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
    )
