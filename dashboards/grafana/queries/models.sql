-- Registered models.
-- Columns: models.
SELECT uniqExact(model) AS models FROM contracts
