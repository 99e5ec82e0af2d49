import Networks

/// Gives the layers of a network PyTorch's names: `main.0.weight`.
struct NamedChain {
  let main: Sequential
}
