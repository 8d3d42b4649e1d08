-- Puts the result of a user's query beside the labels and says of every row why it cannot be one.
-- Parameters: delivery, task String; any_name UInt8, 1 when figures may have any name; kpis Array(String), names that
--   figures may have otherwise. In place of `source` stands the query itself, with the columns event_id, label,
--   labelled_at, name and propensity.
-- Writes staged_labels. The rules are those of driftline/label_rules.py.
INSERT INTO staged_labels (delivery, event_id, label, labelled_at, name, propensity, fault)
SELECT
    {delivery:String},
    event_id,
    label,
    labelled_at,
    name,
    propensity,
    multiIf(
        event_id IN ('', '\0'), 'the event id is empty',
        NOT (propensity > 0 AND propensity <= 1), concat('propensity ', toString(propensity), ' is not above 0 and at most 1'),
        name != '' AND {any_name:UInt8} = 0 AND NOT has({kpis:Array(String)}, name),
            concat('\'', name, '\' is no figure of the contract; its kpis are ',
                if(empty({kpis:Array(String)}), 'none', arrayStringConcat({kpis:Array(String)}, ', '))),
        name = '' AND {task:String} = 'kpi', 'it needs a name: the contract measures nothing but its kpis',
        name = '' AND {task:String} = 'verification',
            if(lower(trimBoth(label)) IN ('1', '1.0', 'true', 'same', '0', '0.0', 'false', 'different'), '',
                concat('\'', substringUTF8(label, 1, 50), '\' says neither same (1) nor different (0)')),
        name != '' OR {task:String} = 'regression',
            if(match(trimBoth(label), '^[+-]?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)([eE][+-]?[0-9]+)?$')
                    AND isFinite(ifNull(toFloat64OrNull(trimBoth(label)), nan)), '',
                concat('\'', substringUTF8(label, 1, 50), '\' is not a finite number')),
        {task:String} = 'ranking',
            if(isValidJSON(label) AND match(label, '^\\s*[\\[{]'), '',
                concat('\'', substringUTF8(label, 1, 50), '\' is no JSON array or object of items')),
        {task:String} = 'classification' AND label = '', 'the class is empty',
        ''
    )
FROM source
