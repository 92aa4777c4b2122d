namespace SafeRlhfV.Data;

/// <summary>What a data set is converted to.</summary>
public enum ExportFormat
{
    /// <summary>Parquet in the layout asked for; Hugging Face <c>datasets</c> opens it.</summary>
    Parquet,

    /// <summary>JSONL with the images as base64 and their paths: nothing is lost.</summary>
    Jsonl,

    /// <summary>JSONL with the images as files beside it; the images' original paths are lost.</summary>
    JsonlFiles,

    /// <summary>TRL's conversational preference columns: prompt, chosen and rejected as messages with content parts, and images.</summary>
    Trl,

    /// <summary>align-anything's columns: question, image, response_1, response_2, overall_response.</summary>
    AlignAnything,

    /// <summary>Pairs for a reward model: question, image, chosen (more helpful), rejected.</summary>
    Reward,

    /// <summary>Pairs for a cost model: question, image, chosen (safer), rejected, and both safety labels.</summary>
    Cost,
}
