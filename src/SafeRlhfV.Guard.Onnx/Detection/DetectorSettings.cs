namespace SafeRlhfV.Guard.Onnx;

/// <summary>How a detector's images are fitted and its boxes chosen.</summary>
internal sealed record DetectorSettings
{
    /// <summary>Side of the model's square input, in pixels; null: as its file says.</summary>
    public int? InputSize { get; init; }

    /// <summary>Whether the image lies in the middle of the square (Ultralytics), else in its upper left corner (NudeNet).</summary>
    public bool IsCentred { get; init; }

    /// <summary>The grey of the square around the image.</summary>
    public byte? PadValue { get; init; }

    /// <summary>Whether the planes are blue, green, red.</summary>
    public bool IsBgr { get; init; }

    /// <summary>What bytes are multiplied by.</summary>
    public double Scale { get; init; } = 1.0 / 255;

    /// <summary>Boxes up to this score are dropped.</summary>
    public double ScoreThreshold { get; init; } = 0.25;

    /// <summary>Of two boxes that overlap by more (intersection over union), the one with the lower score is dropped.</summary>
    public double Overlap { get; init; } = 0.45;

    /// <summary>Whether only boxes of the same label are compared; null: as the placing is usually used (centred: yes).</summary>
    public bool? IsPerClass { get; init; }

    /// <summary>Reads a section.</summary>
    public static DetectorSettings Read(YamlSection section)
    {
        DetectorSettings standard = new();
        return new()
        {
            InputSize = section.Whole("input_size", 1, 1 << 14),
            IsCentred = section.Choice("letterbox", ("top_left", false), ("centred", true)) ?? false,
            PadValue = (byte?)section.Whole("pad_value", 0, 255),
            IsBgr = section.Choice("channel_order", ("rgb", false), ("bgr", true)) ?? false,
            Scale = section.Number("scale", 1e-9, 1) ?? standard.Scale,
            ScoreThreshold = section.Number("score_threshold", 0, 1) ?? standard.ScoreThreshold,
            Overlap = section.Number("nms_iou", 0, 1) ?? standard.Overlap,
            IsPerClass = section.Choice("nms", ("all_classes", false), ("per_class", true)),
        };
    }
}
