import Glibc

// Not generic: nothing may come between a call and the test of its `errno`.

/// Repeats a call that a signal has interrupted.
package func retrying(_ call: () -> Int) -> Int {
  while true {
    let result = call()
    if result != -1 || errno != EINTR { return result }
  }
}

/// Repeats a call that a signal has interrupted.
package func retrying(_ call: () -> Int32) -> Int32 {
  while true {
    let result = call()
    if result != -1 || errno != EINTR { return result }
  }
}
