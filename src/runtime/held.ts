/** What an engine holds for us, and how it is freed whatever happens: nobody writes `finally` for it. */

/**
 * Something of an engine that must be freed. `await using program = await engine.load(graph)` frees it where its block
 * ends, also by an error; what lives longer belongs to an {@link Owner}, or is the result of {@link holding}.
 */
export interface Held extends AsyncDisposable {
  /** Frees it; it cannot be used afterwards. */
  release(): Promise<void>;
}

/** The value, which `release` frees. */
export function held<T extends Held>(value: Omit<T, keyof Held>, release: () => Promise<void>): T {
  return { ...value, release, [Symbol.asyncDispose]: release } as object as T;
}

/** Frees all that it was given, the latest first. */
export class Owner implements Held {
  private things: Promise<Held>[] = [];

  /** Takes over what is being made; returns it once it is there. */
  own<T extends Held>(thing: Promise<T>): Promise<T> {
    this.things.push(thing);
    return thing;
  }

  /** What could not be made holds nothing; one that cannot be freed does not keep the others. */
  async release(): Promise<void> {
    const made = await Promise.allSettled(this.things.reverse());
    this.things = [];
    const failures: unknown[] = [];
    for (const thing of made) {
      if (thing.status === 'fulfilled') await thing.value.release().catch((error) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }
}

/** What `make` returns, which holds all that its owner was given; when `make` fails, that is freed. */
export async function holding<T extends Held>(
  make: (owner: Owner) => Promise<Omit<T, keyof Held>>,
): Promise<T> {
  const owner = new Owner();
  try {
    return held<T>(await make(owner), () => owner.release());
  } catch (error) {
    // An owner that cannot free either has nothing to say beside the first failure.
    await owner.release().catch(() => {});
    throw error;
  }
}
