class Counter {
  #counts = new Map();
  add(key) {
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }
  top(n) {
    return [...this.#counts.entries()].sort(([, a], [, b]) => b - a).slice(0, n);
  }
}
const counter = new Counter();
const log = await tools.git.git_log({ maxCount: 200 });
for (const { author } of log.commits) counter.add(author);
return counter.top(5);
