-- Labels of a model that came since a block.
-- Parameters: model String; above UInt64, number of the last block that is known.
-- Columns: rows; newest, number of their last block, 0 without any; received, when the first of them came.
-- Reads labels by the prefix (model) of its key, and only parts with a block above.
SELECT count() AS rows, max(_block_number) AS newest, min(received_at) AS received
FROM labels
WHERE model = {model:String} AND toUInt64OrZero(splitByChar('_', _part)[3]) > {above:UInt64}
    AND _block_number > {above:UInt64}
