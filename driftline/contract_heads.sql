-- Newest revision of the contract of every model.
-- Columns: model; revision. Reads contracts by its key (model, revision).
SELECT toString(model) AS model, max(revision) AS revision
FROM contracts
GROUP BY contracts.model
