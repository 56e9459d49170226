"""The optimiser: all parameters in one shared vector, Muon for matrices, Adam for the rest."""
import torch


class Flat:
    """All parameters in one shared vector, with their gradients and optimiser state."""

    def __init__(self, model, workers):
        named = list(model.named_parameters())
        total = sum(parameter.numel() for _, parameter in named)
        self.values = torch.zeros(total).share_memory_()
        self.first = torch.zeros(total).share_memory_()
        self.second = torch.zeros(total).share_memory_()
        self.gradients = [torch.zeros(total).share_memory_() for _ in range(workers)]
        self.slices = {}
        at = 0
        for name, parameter in named:
            size = parameter.numel()
            self.slices[name] = at, at + size, tuple(parameter.shape)
            self.values[at:at + size].copy_(parameter.data.reshape(-1))
            at += size

    def view(self, vector, name):
        start, end, extents = self.slices[name]
        return vector[start:end].view(extents)

    def attach(self, model, worker):
        """Let the model's parameters and gradients live in the shared vectors."""
        for name, parameter in model.named_parameters():
            parameter.data = self.view(self.values, name)
            parameter.grad = self.view(self.gradients[worker], name)

    def state(self):
        return {"values": self.values, "first": self.first, "second": self.second}

    def restore(self, state):
        for key, vector in self.state().items():
            vector.copy_(state[key])


def orthogonalise(matrix):
    """Newton-Schulz iteration towards the nearest orthogonal matrix."""
    a, b, c = 3.4445, -4.7750, 2.0315
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.t() if tall else matrix
    x = x / (x.norm() + 1e-7)
    for _ in range(5):
        gram = x @ x.t()
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.t() if tall else x


def parts(name, shape, extents):
    """Row ranges of a fused matrix that are orthogonalised separately."""
    rows = extents[0]
    if name.endswith("ffn_gate_up"):
        return [(0, rows // 2), (rows // 2, rows)]
    if name.endswith("attn_qkv"):
        size = shape.head(int(name.split(".")[1]))
        queries = shape.heads * size
        return [(0, queries)] + [(at, at + size) for at in range(queries, rows, size)]
    return [(0, rows)]


class Optimiser:
    """Muon for the matrices inside the layers, Adam for tables, norms and scales."""

    def __init__(self, flat, shape, names, half=False):
        self.flat, self.shape, self.names = flat, shape, names
        self.products = torch.bfloat16 if half else torch.float32

    def update(self, step, factor, count):
        flat = self.flat
        momentum = 0.85 + 0.10 * min(1.0, step / 300.0)
        for name in self.names:
            gradient = flat.view(flat.gradients[0], name)
            for other in flat.gradients[1:]:
                gradient = gradient + flat.view(other, name)
            gradient = gradient / count
            value, first = flat.view(flat.values, name), flat.view(flat.first, name)
            if value.dim() == 2 and "token_embd" not in name:
                first.mul_(momentum).add_(gradient)
                direction = (gradient + momentum * first).to(self.products)
                value.mul_(1.0 - 0.02 * 0.02 * factor)
                for start, end in parts(name, self.shape, value.shape):
                    rate = 0.02 * max(1.0, (end - start) / value.shape[1]) ** 0.5
                    value[start:end].sub_(orthogonalise(direction[start:end]).float(), alpha=rate * factor)
            else:
                second = flat.view(flat.second, name)
                first.mul_(0.9).add_(gradient, alpha=0.1)
                second.mul_(0.98).addcmul_(gradient, gradient, value=0.02)
                corrected = (first / (1 - 0.9 ** (step + 1))) / (
                    (second / (1 - 0.98 ** (step + 1))).sqrt() + 1e-8)
                value.sub_(corrected, alpha=(3e-3 if value.dim() == 2 else 4e-3) * factor)


def share_out(flat, shape, workers):
    """Parameter names per worker, so that all have about the same work."""
    def cost(name):
        extents = flat.slices[name][2]
        if len(extents) == 2 and "token_embd" not in name:
            small, large = sorted(extents)
            return small * small * large
        return flat.slices[name][1] - flat.slices[name][0]

    shares, loads = [[] for _ in range(workers)], [0] * workers
    for name in sorted(flat.slices, key=cost, reverse=True):
        least = loads.index(min(loads))
        shares[least].append(name)
        loads[least] += cost(name)
    return shares
