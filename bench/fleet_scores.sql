-- Score series of a few models for every other model, pattern after pattern.
-- Parameters: models UInt32, how many models there are; patterns UInt32, how many of them have scores.
INSERT INTO window_scores
SELECT w.* REPLACE (if(copied = 'm00000', w.baseline_id, concat('bl_', copied)) AS baseline_id, copied AS model)
FROM window_scores AS w
INNER JOIN (
    SELECT
        concat('m', leftPad(toString(number), 5, '0')) AS copied,
        concat('m', leftPad(toString(number % {patterns:UInt32}), 5, '0')) AS pattern
    FROM numbers({patterns:UInt32}, {models:UInt32} - {patterns:UInt32})
) AS other ON other.pattern = w.model
