/// How images are made with a denoiser outside Lockstep.
package struct DenoisingSampler: Sendable {
  /// Passes of the network.
  let steps: Int
  /// How far samples of a class are taken from what samples without one would be.
  let guidance: Float
  /// The number of classes, which stands for none; 0 if the network is told none.
  let classes: Int

  /// A sampler in equal steps of time.
  package init(steps: Int, guidance: Float, classes: Int) {
    (self.steps, self.guidance, self.classes) = (steps, guidance, classes)
  }

  /// Draws as `lockstep sample` does: DDIM (Song et al. 2021, eq. 12 with σ = 0) on the cosine schedule.
  /// `velocity` may be any function of noisy images, times and classes, such as an ONNX session.
  var python: String {
    """
    def sample(velocity, noise, classes=None, steps=\(steps), guidance=\(guidance)):
        def guided(x, time):
            if classes is None:
                return velocity(x, time)
            told = velocity(x, time, classes)
            if guidance == 1:
                return told
            untold = velocity(x, time, torch.full_like(classes, \(classes)))
            return untold + guidance * (told - untold)
        x = noise
        for step in range(steps, 0, -1):
            now, then = (math.pi / 2 * step / steps for step in (step, step - 1))
            predicted = guided(x, torch.full((len(x),), step / steps))
            image = (math.cos(now) * x - math.sin(now) * predicted).clamp(-1, 1)
            x = math.cos(then) * image + math.sin(then) * (x - math.cos(now) * image) / math.sin(now)
        return x

    """
  }
}
