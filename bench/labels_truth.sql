-- Labels of the events of labels_events.sql.
-- Parameters: model String; first, rows UInt64, numbers of the events.
-- Writes labels.
INSERT INTO labels (model, event_id, label, labelled_at)
SELECT
    {model:String},
    toString(reinterpretAsUUID(concat(reinterpretAsFixedString(cityHash64(number)), reinterpretAsFixedString(cityHash64(number, 1))))),
    if(number % 20 = 0, 'b', 'a'),
    now64(3)
FROM numbers({first:UInt64}, {rows:UInt64})
