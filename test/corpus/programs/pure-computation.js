const fib = (n) => (n < 2 ? n : fib(n - 1) + fib(n - 2));
const primes = [];
outer: for (let i = 2; primes.length < 10; i++) {
  for (const p of primes) {
    if (i % p === 0) continue outer;
  }
  primes.push(i);
}
return { fib: fib(10), primes };
