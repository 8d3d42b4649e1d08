-- What a user's query for labels gave.
-- Parameters: delivery String; classes Array(String), known to the contract, empty when it does not say.
-- Columns: accepted, refused rows; refused_examples, up to five; new_classes, those not known with the number of their
--   labels.
-- Reads one partition of staged_labels.
SELECT
    countIf(fault = '') AS accepted,
    countIf(fault != '') AS refused,
    groupArrayIf(5)(concat(event_id, ': ', fault), fault != '') AS refused_examples,
    sumMapIf(map(label, toUInt64(1)), fault = '' AND name = '' AND notEmpty({classes:Array(String)})
        AND NOT has({classes:Array(String)}, label)) AS new_classes
FROM staged_labels
WHERE delivery = {delivery:String}
