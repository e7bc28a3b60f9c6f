const n = 1234567.891;
const d = new Date(0);
return [n.toLocaleString('en-US'), d.toLocaleDateString('en-GB'), n.toFixed(1)];
