class Page<T> {
  private readonly items: T[] = [];
  add(...more: T[]): this {
    this.items.push(...more);
    return this;
  }
  get size(): number {
    return this.items.length;
  }
}
const page = new Page<string>();
const { content } = await tools.filesystem.listDirectory({ path: '/' });
return page.add(...content.split('\n')).size;
