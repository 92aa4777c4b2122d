using System.Globalization;
using SafeRlhfV.Models;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>
/// What policy and scorers have in common: a backbone, run as it stands or under one of its adapters. Roles on one backbone share its weights and its vision
/// features; the bare backbone is the reference.
/// </summary>
public abstract class Role
{
    private DropoutStream? dropout;
    private string? blocks;

    /// <summary>A role on a backbone.</summary>
    /// <param name="model">The backbone.</param>
    /// <param name="adapter">The adapter's name; null = the bare backbone.</param>
    protected Role(VisionLanguageModel model, string? adapter) => (Model, Adapter) = (model, adapter);

    /// <summary>The backbone.</summary>
    public VisionLanguageModel Model { get; }

    /// <summary>The adapter's name; null = the bare backbone.</summary>
    public string? Adapter { get; }

    /// <summary>What training this role changes, by name.</summary>
    /// <param name="visionTower">The tower is trained too (never under an adapter).</param>
    public virtual IReadOnlyList<(string Name, Parameter Parameter)> Trainable(bool visionTower = false)
    {
        if (Adapter is not null) return Model.Adapters[Adapter].NamedParameters;
        HashSet<IntPtr> tower = visionTower ? [] : [.. Model.VisionTowerParameters.Select(parameter => parameter.Handle)];
        return [.. Model.named_parameters().Where(pair => !tower.Contains(pair.parameter.Handle)).Select(pair => (pair.name, pair.parameter))];
    }

    /// <summary>Makes exactly the trainable parameters want gradients.</summary>
    /// <exception cref="InvalidInputException">The model's config.json asks for dropout.</exception>
    internal IReadOnlyList<(string Name, Parameter Parameter)> Prepare(bool visionTower, bool checkpointing)
    {
        TrainingDropout.Demand(Model.Config, Model.Origin?.Folder, visionTower);
        IReadOnlyList<(string Name, Parameter Parameter)> trained = Trainable(visionTower);
        if (Adapter is null) foreach (Parameter parameter in Model.parameters()) parameter.requires_grad = false;
        foreach ((_, Parameter parameter) in trained) parameter.requires_grad = true;
        Model.Decoder.GradientCheckpointing = checkpointing;
        return trained;
    }

    /// <summary>
    /// Passes with gradients drop out as the adapter's configuration says, by masks of this step alone, so that a resumed run draws the same.
    /// </summary>
    internal void BeginStep(long seed, long step) => dropout = Adapter is null ? null : new DropoutStream(seed, $"dropout/{Adapter}/{step}");

    /// <summary>
    /// Says which pass with gradients of the step comes next, counted over all ranks: a rank that runs only some of the passes then draws the masks that one
    /// process would draw for them.
    /// </summary>
    internal void BeginPass(long index) => dropout?.BeginPass(index, Model.Adapters[Adapter!].MasksPerPass);

    /// <summary>Whether passes with gradients drop out.</summary>
    internal bool DropsOut => Adapter is not null && Model.Adapters[Adapter].MasksPerPass > 0;

    /// <summary>The decoder's block that a parameter of this role belongs to, by its name; null = none.</summary>
    internal int? BlockOf(string parameter)
    {
        blocks ??= Model.named_modules().First(pair => ReferenceEquals(pair.module, Model.Decoder)).name + ".layers.";
        int at = parameter.IndexOf(blocks, StringComparison.Ordinal);
        if (at < 0) return null;
        string rest = parameter[(at + blocks.Length)..];
        return int.Parse(rest.AsSpan(0, rest.IndexOf('.')), NumberStyles.None, CultureInfo.InvariantCulture);
    }

    /// <summary>Passes on this thread run as this role's until disposed.</summary>
    private protected IDisposable UseAdapter() => Model.Adapters.Use(Adapter, is_grad_enabled() ? dropout : null);

    /// <summary>Hidden states after the final norm at the prompt's last column and the answer's columns, [B, 1 + T, H].</summary>
    public Tensor States(SequenceBatch batch)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable use = UseAdapter();
        ImageEmbeddings? images = batch.Features is null ? null : Model.ProjectImages(batch.Features);
        // the batch's texts were checked where it was made: nothing is read back from the device here
        if (batch.Answers > 1) return Model.HiddenOfAnswers(batch.Ids_BL, batch.Mask_BL, batch.PromptLength, batch.Answers, images).MoveToOuterDisposeScope();
        Tensor positions = Model.Positions(batch.Ids_BL, batch.Mask_BL, images?.Images ?? []).Positions;
        return Model.Hidden(batch.Ids_BL, batch.Mask_BL, positions, images, from: batch.PromptLength - 1).MoveToOuterDisposeScope();
    }
}
