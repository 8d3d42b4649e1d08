-- Joins labels of a model with its events and keeps the result: one row a label and event.
-- Parameters: model String; recipe UInt64; task String; category_slot, number_slot UInt16, position of the
--   prediction from 1, 0 for none; text_field String, field of payloads with the prediction, empty for none;
--   score_slots, segment_slots Array(UInt16); key_slot UInt16, column that labels name, 0 for the event id;
--   propensity_slot UInt16; labels_bring_propensity UInt8; since, until DateTime64(3), half-open range of event
--   times; received_since DateTime64(3), only events (or their texts) received from then on; above, upto UInt64,
--   labels of the blocks in (above, upto]; few_labels UInt8: 1 looks for the events of the labels, 0 for the
--   labels of the events; skip_known UInt8: 1 leaves out what is joined already; moment DateTime64(6).
-- Writes labelled_events. weight = weight of the event / propensity, which counts as 1 when it is not a number
--   of 0..1 and as 0.01 when it is less.
-- Reads inference_events and payloads by their keys (model, ts) and (model, field, ts), labels by the prefix
--   (model) of its key and only parts with a block above; conditions with a constant `if` fall away.
INSERT INTO labelled_events (model, recipe, name, version, ts, event_key, weight, truth, prediction, truth_value,
    predicted_value, scores, truth_text, prediction_text, segments, labelled_at, label_received_at, joined_at)
WITH if({labels_bring_propensity:UInt8} = 1, l.label_propensity, e.event_propensity) AS likely
SELECT
    {model:String},
    {recipe:UInt64},
    l.name,
    e.version,
    e.ts,
    e.event_key,
    e.weight / multiIf(isNaN(likely) OR likely < 0 OR likely > 1, 1., greatest(likely, 0.01)),
    if({task:String} = 'classification' AND l.name = '', l.label, ''),
    if({task:String} IN ('transcription', 'ranking'), '', e.category),
    ifNull(l.number, nan),
    e.number,
    e.scores,
    if({task:String} IN ('transcription', 'ranking') AND l.name = '', l.label, ''),
    multiIf({text_field:String} != '', p.body, {task:String} IN ('transcription', 'ranking'), e.category, ''),
    e.segments,
    l.labelled_at,
    l.received_at,
    {moment:DateTime64(6, 'UTC')}
FROM (
    SELECT
        i.version AS version,
        ts,
        event_id,
        cityHash64(event_id) AS event_key,
        if({key_slot:UInt16} = 0, cityHash64(event_id), cityHash64(toString(categorical[greatest({key_slot:UInt16}, 1)]))) AS join_key,
        i.weight AS weight,
        if({propensity_slot:UInt16} = 0, 1., if(length(numeric) >= {propensity_slot:UInt16}, numeric[greatest({propensity_slot:UInt16}, 1)], nan)) AS event_propensity,
        if({category_slot:UInt16} = 0, '', replaceAll(toString(categorical[greatest({category_slot:UInt16}, 1)]), '\0', '')) AS category,
        if({number_slot:UInt16} = 0, nan, if(length(numeric) >= {number_slot:UInt16}, numeric[greatest({number_slot:UInt16}, 1)], nan)) AS number,
        if(empty({score_slots:Array(UInt16)}), CAST([], 'Array(Float64)'), arrayMap(slot -> if(length(numeric) >= slot, numeric[slot], nan), {score_slots:Array(UInt16)})) AS scores,
        if(empty({segment_slots:Array(UInt16)}), CAST([], 'Array(String)'), arrayMap(slot -> replaceAll(toString(categorical[slot]), '\0', ''), {segment_slots:Array(UInt16)})) AS segments
    FROM inference_events AS i
    WHERE model = {model:String} AND status = 'ok'
        AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
        AND (
            received_at >= {received_since:DateTime64(3, 'UTC')}
            OR if({text_field:String} = '', 0, event_id IN (
                SELECT event_id
                FROM payloads
                WHERE model = {model:String} AND field = {text_field:String}
                    AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
                    AND received_at >= {received_since:DateTime64(3, 'UTC')}
            ))
        )
        AND if({few_labels:UInt8} = 0, 1, join_key IN (
            SELECT cityHash64(event_id)
            FROM labels
            WHERE model = {model:String} AND toUInt64OrZero(splitByChar('_', _part)[3]) > {above:UInt64}
                AND _block_number > {above:UInt64} AND _block_number <= {upto:UInt64}
        ))
) AS e
INNER JOIN (
    SELECT
        join_key,
        name,
        newest.1 AS label,
        newest.2 AS labelled_at,
        newest.3 AS label_propensity,
        newest.4 AS received_at,
        if(
            {task:String} = 'verification' AND name = '',
            transform(lower(trimBoth(label)), ['1', '1.0', 'true', 'same', '0', '0.0', 'false', 'different'],
                [1., 1., 1., 1., 0., 0., 0., 0.], nan),
            if({task:String} IN ('classification', 'transcription', 'ranking') AND name = '', nan, toFloat64OrNull(trimBoth(label)))
        ) AS number
    FROM (
        SELECT
            cityHash64(event_id) AS join_key,
            l.name AS name,
            argMax((l.label, l.labelled_at, l.propensity, l.received_at), l.received_at) AS newest
        FROM labels AS l
        WHERE model = {model:String} AND toUInt64OrZero(splitByChar('_', _part)[3]) > {above:UInt64}
            AND _block_number > {above:UInt64} AND _block_number <= {upto:UInt64}
            AND event_id NOT IN ('', '\0')
            AND if({few_labels:UInt8} = 1, 1, join_key IN (
                SELECT if({key_slot:UInt16} = 0, cityHash64(event_id), cityHash64(toString(categorical[greatest({key_slot:UInt16}, 1)])))
                FROM inference_events
                WHERE model = {model:String} AND status = 'ok'
                    AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
                    AND (
                        received_at >= {received_since:DateTime64(3, 'UTC')}
                        OR if({text_field:String} = '', 0, event_id IN (
                            SELECT event_id
                            FROM payloads
                            WHERE model = {model:String} AND field = {text_field:String}
                                AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
                                AND received_at >= {received_since:DateTime64(3, 'UTC')}
                        ))
                    )
            ))
        GROUP BY join_key, name
    )
    WHERE ({task:String} IN ('classification', 'transcription', 'ranking') AND name = '')
        OR (isFinite(ifNull(number, nan)) AND ({task:String} != 'kpi' OR name != ''))
) AS l ON e.join_key = l.join_key
LEFT JOIN (
    SELECT event_id, ts, body, 1 AS found
    FROM payloads
    WHERE model = {model:String} AND field = {text_field:String}
        AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
        AND if({few_labels:UInt8} = 0, 1, cityHash64(event_id) IN (
            SELECT cityHash64(event_id)
            FROM labels
            WHERE model = {model:String} AND toUInt64OrZero(splitByChar('_', _part)[3]) > {above:UInt64}
                AND _block_number > {above:UInt64} AND _block_number <= {upto:UInt64}
        ))
) AS p ON e.event_id = p.event_id AND e.ts = p.ts
WHERE ({text_field:String} = '' OR p.found = 1)
    AND if({skip_known:UInt8} = 0, 1, (e.event_key, e.ts, l.name, l.received_at) NOT IN (
        SELECT event_key, ts, name, label_received_at
        FROM labelled_events
        WHERE model = {model:String} AND recipe = {recipe:UInt64}
            AND ts >= {since:DateTime64(3, 'UTC')} AND ts < {until:DateTime64(3, 'UTC')}
    ))
