"""Prompts are changes of weights: what holds exactly, and what factors of a change are the best."""

import pytest
import torch

from factory.modules.factors import (
    Pair,
    balance_factors,
    extract_factors,
    fingerprint_base,
    merge_factors,
    read_factors,
    save_factors,
)
from factory.modules.patching import cut_rank, solve_ridge
from factory.modules.reading import load_base, read_prefix
from factory.students.quiet import quiet_transformers
from tests.modules.llama import SETTINGS


@pytest.fixture
def random():
    return torch.Generator().manual_seed(0)


def test_for_one_token_a_prompt_is_a_change_of_rank_one_and_a_shift_of_the_output(random):
    """T(C, x) = A(C, x) + V g(W A(C, x) + b) + c, as in Dherin et al. 2025, theorem B.2."""
    size, inner = 16, 32
    w, v = torch.randn(inner, size, generator=random), torch.randn(size, inner, generator=random)
    b, c = torch.randn(inner, generator=random), torch.randn(size, generator=random)
    prompt, x = torch.randn(7, size, generator=random), torch.randn(size, generator=random)

    def attend(context):
        keys = torch.cat([context, x[None]])
        return x + (keys @ x / size**0.5).softmax(0) @ keys

    def block(a, w, c):
        return a + v @ torch.relu(w @ a + b) + c

    with_prompt, alone = attend(prompt), attend(prompt[:0])
    shift = with_prompt - alone
    change = torch.outer(w @ shift, alone) / alone.square().sum()
    assert torch.linalg.matrix_rank(change) == 1
    patched = block(alone, w + change, c + shift)
    assert torch.allclose(patched, block(with_prompt, w, c), rtol=0, atol=1e-5 * float(patched.abs().max()))
    assert not torch.allclose(block(alone, w, c), block(with_prompt, w, c), atol=1e-1)


def test_without_a_penalty_the_ridge_is_least_squares(random):
    inputs, wanted = (torch.randn(50, size, generator=random, dtype=torch.float64) for size in (12, 5))
    found = solve_ridge(inputs.T @ inputs, wanted.T @ inputs, 1e-12)
    assert torch.allclose(found, torch.linalg.lstsq(inputs, wanted).solution.T, atol=1e-8)


def test_a_penalty_shrinks_the_change(random):
    inputs, wanted = (torch.randn(50, size, generator=random, dtype=torch.float64) for size in (12, 5))
    sums = inputs.T @ inputs, wanted.T @ inputs
    sizes = [float(solve_ridge(*sums, ridge).norm()) for ridge in (1e-9, 0.1, 10)]
    assert sizes == sorted(sizes, reverse=True)


def test_factors_of_a_rank_lose_least_of_the_output_on_the_inputs(random):
    inputs = torch.randn(200, 12, generator=random, dtype=torch.float64) * torch.arange(1, 13)
    delta = torch.randn(6, 12, generator=random, dtype=torch.float64)
    pair = cut_rank(delta, inputs.T @ inputs, 2)
    values = torch.linalg.svdvals(inputs @ delta.T)
    lost = (inputs @ (delta - pair.b @ pair.a).T).norm()
    assert lost == pytest.approx(float(values[2:].norm()))
    whole = cut_rank(delta, inputs.T @ inputs, 6)
    assert torch.allclose(whole.b @ whole.a, delta)


def test_extraction_keeps_the_largest_singular_values_by_rank_or_by_energy(random):
    delta = torch.randn(8, 12, generator=random)
    values = torch.linalg.svdvals(delta)
    pair = extract_factors(delta, 3)
    assert float((delta - pair.b @ pair.a).norm()) == pytest.approx(float(values[3:].norm()), rel=1e-4)
    shares = values.square().cumsum(0) / values.square().sum()
    assert len(extract_factors(delta, 3, energy=0.9).a) == int((shares < 0.9).sum()) + 1


def test_balanced_factors_have_the_same_product_and_equal_size(random):
    pair = Pair(100 * torch.randn(8, 3, generator=random), torch.randn(3, 12, generator=random))
    even = balance_factors(pair)
    assert torch.allclose(even.b @ even.a, pair.b @ pair.a, atol=1e-3)
    assert float(even.b.norm()) == pytest.approx(float(even.a.norm()), rel=1e-4)


def test_peft_makes_of_the_saved_factors_what_merging_makes(made_of, tmp_path, random):
    from peft import PeftModel

    folder, base = tmp_path / "of.dots", made_of["base"].path
    factors = {
        f"model.layers.{number}.mlp.{name}": Pair(
            torch.randn(outputs, rank, generator=random) / 9, torch.randn(rank, inputs, generator=random)
        )
        for number, rank in ((0, 2), (1, 5))
        for name, outputs, inputs in (("down_proj", 64, 96), ("up_proj", 96, 64))
    }
    save_factors(factors, folder, None, None)
    tokens = torch.tensor([[1, 30, 40, 50]])
    with torch.inference_mode(), quiet_transformers():
        merged = merge_factors(load_base(base, "test"), read_factors(folder))(tokens).logits
        theirs = PeftModel.from_pretrained(load_base(base, "test"), folder)(tokens).logits
    assert torch.allclose(merged, theirs, atol=1e-4)


def test_weights_that_transformers_does_not_read_are_no_part_of_a_base_models_fingerprint(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"read")
    before = fingerprint_base(tmp_path)
    (tmp_path / "consolidated.safetensors").write_bytes(b"the same in another layout")
    assert fingerprint_base(tmp_path) == before
    (tmp_path / "model-00001-of-00002.safetensors").write_bytes(b"read too")
    assert fingerprint_base(tmp_path) != before


@pytest.mark.parametrize("init", ["pissa", "olora"])
def test_factors_taken_out_of_the_base_are_given_back_to_it(made_of, tmp_path, init):
    """Without a step of training the adapter of the untouched base changes nothing."""
    from factory.modules.gradients import distil_factors

    run = SETTINGS.model_copy(update={"init": init, "lr": 1e-12, "epochs": 1, "batch_size": 64})
    pick = lambda network, _: network(torch.tensor([[1, 2]])).logits.sum()  # noqa: E731
    with quiet_transformers():
        factors, _ = distil_factors(made_of["base"].path, run, pick, 64, None, tmp_path / "scratch.of.dots")
    assert max(float((pair.b @ pair.a).abs().max()) for pair in factors.values()) < 1e-5
    assert all(len(pair.a) == 2 * run.rank for pair in factors.values())


def test_the_closed_form_needs_no_gradient_and_leaves_out_the_first_token(made_of):
    from factory.modules import patching
    from factory.modules.baking import Oven

    network = load_base(made_of["base"].path, "test")
    oven = Oven(made_of, SETTINGS, made_of["base"].path)
    _, weights = patching._lay_out(oven.wording, oven.texts("train"))
    assert all(row[0] == 0 and row[-1] == patching.DECISIVE_WEIGHT for row in weights)
    network.requires_grad_(False)
    shape = {"rank": 4, "ridge": 0.03, "gamma": 0.1}
    prefix = read_prefix(network, oven.wording)
    factors = patching.patch_weights(network, oven.wording, oven.texts("train"), [[5, 6, 7]], prefix, **shape)
    assert not any(matrix.requires_grad for pair in factors.values() for matrix in pair)
    assert sorted(factors) == [f"model.layers.{number}.mlp.down_proj" for number in (0, 1)]
