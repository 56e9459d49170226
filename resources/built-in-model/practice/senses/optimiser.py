"""Muon for the matrices inside the layers, Adam for everything else."""
import torch

from ..optimiser import orthogonalise


class Optimiser:
    def __init__(self, module, matrix_rate=0.02, other_rate=2e-3, frozen=lambda name: False):
        self.matrix_rate, self.other_rate, self.step_count = matrix_rate, other_rate, 0
        self.matrices, self.others = [], []
        for name, parameter in module.named_parameters():
            if frozen(name) or not parameter.requires_grad:
                continue
            inside = parameter.dim() == 2 and ".blk." in "." + name
            (self.matrices if inside else self.others).append(parameter)
        self.first = {p: torch.zeros_like(p) for p in self.matrices + self.others}
        self.second = {p: torch.zeros_like(p) for p in self.others}

    @torch.no_grad()
    def step(self, factor):
        """One step; the norm of the gradients, which are left out where it is not finite."""
        self.step_count += 1
        count = self.step_count
        momentum = 0.85 + 0.10 * min(1.0, count / 300.0)
        norm = torch.stack([p.grad.norm() for p in self.matrices + self.others]).norm()
        if not torch.isfinite(norm):
            return float(norm)  # one bad batch must not spoil everything
        scale = min(1.0, 5.0 / (float(norm) + 1e-9))
        for p in self.matrices:
            first = self.first[p].mul_(momentum).add_(p.grad, alpha=scale)
            direction = (scale * p.grad + momentum * first).bfloat16()
            p.mul_(1.0 - 0.02 * self.matrix_rate * factor)
            rate = self.matrix_rate * max(1.0, p.shape[0] / p.shape[1]) ** 0.5
            p.sub_(orthogonalise(direction).float(), alpha=rate * factor)
        for p in self.others:
            first = self.first[p].mul_(0.9).add_(p.grad, alpha=0.1 * scale)
            second = self.second[p].mul_(0.99).addcmul_(p.grad, p.grad, value=0.01 * scale * scale)
            corrected = (first / (1 - 0.9 ** count)) / ((second / (1 - 0.99 ** count)).sqrt() + 1e-8)
            p.sub_(corrected, alpha=self.other_rate * factor)
        return float(norm)
