package port;

import java.util.ArrayList;
import java.util.List;

/**
 * A quay with its ships.
 */
@SuppressWarnings("unused")
public final class Quay<T extends Ship> extends Place implements Iterable<T> {
  private static final int MOST = 12;
  protected List<T> ships = new ArrayList<>(), waiting;

  static {
    System.loadLibrary("quay");
  }

  public Quay(String name) {
    super(name);
  }

  @Override
  public java.util.Iterator<T> iterator() {
    return new java.util.Iterator<T>() {
      @Override public boolean hasNext() { return false; }
      @Override public T next() { return null; }
    };
  }

  /** Moors one ship. */
  public synchronized <S extends T> boolean moor(
      S ship,
      int berth) throws FullException {
    if (ships.size() == MOST) throw new FullException();
    return ships.add(ship);
  }

  boolean moor(T ship) { return ships.add(ship); }

  static class FullException extends Exception {}

  enum Side {
    PORT, STARBOARD;

    Side other() { return this == PORT ? STARBOARD : PORT; }
  }
}

interface Crane {
  int REACH = 40;

  void lift(double load);

  default boolean idle() { return true; }
}

record Berth(String name, int depth) {
  Berth {
    if (depth < 0) throw new IllegalArgumentException();
  }

  double metres() { return depth / 100.0; }
}

@interface Logged {
  String value() default "";
}
