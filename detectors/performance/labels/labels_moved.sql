-- Models that got labels since a block.
-- Parameters: above UInt64, number of the last block that is known.
-- Columns: model; newest, number of its last block.
-- Reads only those parts of labels that have a block above.
SELECT toString(model) AS model, max(_block_number) AS newest
FROM labels
WHERE toUInt64OrZero(splitByChar('_', _part)[3]) > {above:UInt64} AND _block_number > {above:UInt64}
GROUP BY model
