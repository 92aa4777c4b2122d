using SafeRlhfV.Models;
using SafeRlhfV.Objectives;
using SafeRlhfV.Processing;
using SafeRlhfV.SafetyWorld;
using SafeRlhfV.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Demo;

/// <summary>
/// Makes the blank model and teaches its vision tower to see: a linear head on every patch says what its cell holds, in which colour, and which cell it is; the
/// head is then thrown away. It plays the part of the pretrained CLIP.
/// </summary>
internal static class VisionStage
{
    private const int BatchSize = 128;
    private const double WeightDecay = 0.01;

    public static string Run(DemoContext context)
    {
        string blank = context.Folders.Model(DemoContext.Blank);
        WorldCheckpointFiles.Write(blank, context.Settings.Reasoning);
        using VisionLanguageModel model = ModelFactory.Create(ModelConfig.Load(blank), context.Settings.Seed, Initialization.BuiltInWorld);
        ImageProcessor processing = ImageProcessor.Load(blank, model.Config);
        double accuracy = Teach(context, model, processing);
        ModelCheckpoint.Save(model, context.Folders.Model(DemoContext.Tower), new SaveOptions { FilesFrom = blank, Overwrite = true });
        return $"{accuracy:P1} of the patches' contents right";
    }

    private static double Teach(DemoContext context, VisionLanguageModel model, ImageProcessor processing)
    {
        VisionScene[] scenes = [.. context.World.VisionScenes(context.Settings.VisionScenes)];
        int width = context.Settings.VisionSteps;
        long outputs = Scene.ContentCount + Scene.ColourLabelCount + Scene.CellCount;
        using Linear head = nn.Linear(model.EncodeImages(processing.Batch([processing.Process(scenes[0].Image)])).Hidden.shape[2], outputs);
        using (no_grad())
        {
            // drawn by name, so that nothing depends on torch's own stream
            using Generator generator = new(new RandomStream(context.Settings.Seed, "vision/head").NextUInt64() >> 1);
            head.weight!.normal_(0, 0.02, generator);
            head.bias!.zero_();
        }
        (string Name, Parameter Parameter)[] parameters = [.. model.VisionTowerParameters.Select((parameter, index) => ($"tower.{index}", parameter)),
            ("head.weight", head.weight!), ("head.bias", head.bias!)];
        using Training.AdamW optimizer = new(parameters, new AdamWOptions(WeightDecay: WeightDecay));
        LearningRateSchedule schedule = new(ScheduleShape.Cosine, 2e-3, width, 0.1);
        double accuracy = 0;
        List<int> order = [];
        for (int step = 0, epoch = 0; step < width; step++)
        {
            if (order.Count < BatchSize) order.AddRange(new RandomStream(context.Settings.Seed, $"vision/order/{epoch++}").Permutation(scenes.Length));
            VisionScene[] batch = [.. order.Take(BatchSize).Select(index => scenes[index])];
            order.RemoveRange(0, Math.Min(BatchSize, order.Count));
            using DisposeScope scope = NewDisposeScope();
            using ImageInputs inputs = processing.Batch([.. batch.AsParallel().AsOrdered().Select(scene => processing.Process(scene.Image))]);
            Tensor logits_NC = head.forward(model.EncodeImages(inputs).Hidden).flatten(0, 1);
            IReadOnlyList<(int Content, int Colour, int Cell)> labels = [.. batch.SelectMany(scene => scene.PatchLabels)];
            Tensor contents = logits_NC.narrow(1, 0, Scene.ContentCount), wanted = Ids(labels.Select(label => label.Content));
            Tensor loss = nn.functional.cross_entropy(contents, wanted)
                .Plus(nn.functional.cross_entropy(logits_NC.narrow(1, Scene.ContentCount, Scene.ColourLabelCount), Ids(labels.Select(label => label.Colour))))
                .Plus(nn.functional.cross_entropy(logits_NC.narrow(1, Scene.ContentCount + Scene.ColourLabelCount, Scene.CellCount),
                    Ids(labels.Select(label => label.Cell))));
            loss.Backward();
            optimizer.ClipGradientNorm(1);
            optimizer.Step(schedule.At(step));
            optimizer.ZeroGrad();
            accuracy = contents.argmax(1).eq(wanted).to(ScalarType.Float64).mean().item<double>();
            context.Report(step + 1, width, $"loss {loss.item<float>():0.000}");
        }
        return accuracy;
    }

    private static Tensor Ids(IEnumerable<int> values) => tensor(values.Select(value => (long)value).ToArray());
}
