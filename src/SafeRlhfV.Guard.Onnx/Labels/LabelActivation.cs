namespace SafeRlhfV.Guard.Onnx;

/// <summary>How a model's numbers become probabilities.</summary>
internal enum LabelActivation
{
    /// <summary>One of the labels is true.</summary>
    Softmax,

    /// <summary>Each label is true or not by itself.</summary>
    Sigmoid,
}

/// <summary>The two functions, in double.</summary>
internal static class LabelActivations
{
    /// <summary>Probabilities of one input's numbers. What is no number stays none, so that it is found out.</summary>
    public static double[] Apply(this LabelActivation activation, ReadOnlySpan<float> logits)
    {
        double[] values = new double[logits.Length];
        if (activation == LabelActivation.Sigmoid)
        {
            for (int i = 0; i < values.Length; i++) values[i] = 1 / (1 + Math.Exp(-(double)logits[i]));
            return values;
        }
        double highest = double.NegativeInfinity, sum = 0;
        foreach (float logit in logits) highest = Math.Max(highest, logit);
        for (int i = 0; i < values.Length; i++) sum += values[i] = Math.Exp(logits[i] - highest);
        for (int i = 0; i < values.Length; i++) values[i] /= sum;
        return values;
    }
}
