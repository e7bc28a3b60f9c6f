const big = await load(params.handle);
return big.rows.filter((row) => row.amount > 1000).length;
