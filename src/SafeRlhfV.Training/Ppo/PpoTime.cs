namespace SafeRlhfV.Training;

/// <summary>How long trainers that sample take: sampling, scoring, and the updates of the actor and of critics.</summary>
internal static class PpoTime
{
    /// <summary>Estimates the time of a recipe.</summary>
    public static TimePlan Plan(RolloutRecipe recipe, PlanInputs inputs, DeviceSpeed speed)
    {
        (PpoModelsRecipe model, RolloutSettings training) = (recipe.Model, recipe.Sampling);
        TimePlanner round = new(inputs.Shape, inputs.IsHalf(model.Dtype), model.Lora, training.GradientCheckpointing);
        AddRound(round, recipe, inputs);
        string texts = $"{TimePlanner.Texts(inputs)}, answers of {training.MaxNewTokens} tokens";
        return round.Done("round", inputs.Sizes is { } sizes ? training.RoundsFor(sizes.Images) : training.Rounds, speed, texts);
    }

    private static void AddRound(TimePlanner round, RolloutRecipe recipe, PlanInputs inputs)
    {
        (PpoModelsRecipe model, RolloutSettings training, ModelShape shape) = (recipe.Model, recipe.Sampling, inputs.Shape);
        OptimizerSettings? critics = recipe.Critics;
        int samples = recipe.Answers;
        PlanSizes sizes = PpoMemory.Sizes(recipe, inputs), instructions = PpoMemory.Instructions(recipe, inputs);
        bool half = inputs.IsHalf(model.Dtype);
        int scorers = recipe.Scoring is null ? model.Scorers + (training.TellsBothCosts ? 1 : 0) : 0, learning = critics is null ? 0 : model.Critics;
        int answer = samples * training.MaxNewTokens;
        double rows = training.RolloutBatch / (double)inputs.Ranks;
        double prompt = sizes.MeanPromptTokens, width = prompt + answer,
            updates = (double)training.UpdateEpochs * Math.Ceiling((double)training.RolloutBatch / training.MiniBatch);
        double policy = round.Forward(width, answer), scorer = round.Forward(width, 0);
        round.AddFlops(rows * round.Seen(sizes, training.VisionCacheBytes, training.Epochs) * round.Tower);
        round.AddFlops(rows * policy); // sampling: the prompt's columns at once, then the answer's; or our own pass over what servers sampled
        int rolled = PpoMemory.RolledAtOnce(training, shape, half, (long)(prompt + training.MaxNewTokens), samples);
        double read = (shape.Parameters - shape.TowerParameters) * (double)round.Element;
        double cache = rows * samples * MemoryPlanner.CacheBytesOfRow(shape, half, (long)Math.Round(prompt + (training.MaxNewTokens / 2.0)));
        if (recipe.Rollouts is null) round.AddBytes(training.MaxNewTokens * ((Math.Ceiling(rows / rolled) * read) + cache));
        double judge = model.Judge.Length > 0 ? 1.0 / training.Judge?.Every ?? 1 : 0;
        // the first update's pass of a critic without dropout gives its values, too
        double valued = model.Lora is { Dropout: > 0 } ? 1 : 1 - Math.Min(1, (double)training.MiniBatch / training.RolloutBatch);
        round.AddFlops(rows * (policy + ((scorers + (learning * valued) + judge) * scorer))); // reference, scores, critics, the judge of some rounds
        round.AddFlops(rows * training.UpdateEpochs * round.Passes * (policy + (learning * scorer)));
        if (training.PtxCoefficient > 0 && recipe.Data.Instructions is not null)
            round.AddFlops(updates * training.PtxBatch / inputs.Ranks * round.Passes
                * round.Forward(instructions.MeanPromptTokens + instructions.MeanResponseTokens, instructions.MeanResponseTokens));
        for (int i = 0; i < updates; i++)
        {
            long actor = MemoryPlanner.Trained(shape, model.Lora, policy: true, tower: false);
            round.AddUpdate(training.Actor, model.Device, model.Lora, actor / inputs.Ranks);
            if (critics is not null) round.AddUpdate(critics, model.Device, model.Lora, PpoMemory.CriticNumbers(model, shape) / inputs.Ranks);
        }
    }
}
