-- The baseline of model m00000 for every other model.
-- Parameters: models UInt32, how many models there are.
INSERT INTO baselines
SELECT b.* REPLACE (concat('bl_', copied) AS baseline_id, copied AS model)
FROM baselines AS b
CROSS JOIN (SELECT concat('m', leftPad(toString(number), 5, '0')) AS copied FROM numbers(1, {models:UInt32} - 1)) AS other
WHERE b.model = 'm00000'
