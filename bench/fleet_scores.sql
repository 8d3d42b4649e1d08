-- Score series of a few models for some of the others, pattern after pattern.
-- Parameters: first UInt32 and models UInt32, the models to fill; patterns UInt32, how many models have scores.
INSERT INTO window_scores
SELECT w.* REPLACE (concat('bl_', copied) AS baseline_id, copied AS model)
FROM window_scores AS w
INNER JOIN (
    SELECT
        concat('m', leftPad(toString(number), 5, '0')) AS copied,
        concat('m', leftPad(toString(number % {patterns:UInt32}), 5, '0')) AS pattern
    FROM numbers({first:UInt32}, {models:UInt32})
) AS other ON other.pattern = w.model
WHERE w.model < concat('m', leftPad(toString({patterns:UInt32}), 5, '0'))
