using System.CommandLine;
using SafeRlhfV.Demo;
using SafeRlhfV.Guard.Ocr;
using SafeRlhfV.Guard.Onnx;
using SafeRlhfV.Inference;

namespace SafeRlhfV.Cli;

/// <summary>All verbs of the command line; each is one file.</summary>
internal static class CommandTree
{
    // verbs and recipes read the kinds of moderators, and the raters of data, from the lists
    static CommandTree()
    {
        LocalModeratorKind.Register();
        OnnxModeratorKind.Register();
        OcrModeratorKind.Register();
        WorldRater.Register();
    }

    public static RootCommand Create() => new("Safe RLHF-V for .NET: align a vision-language model to be helpful and safe, then guard it.")
    {
        DemoVerb.Create(),
        AlignVerb.Create(),
        GenerateVerb.Create(),
        ScoreVerb.Create(),
        ServeVerb.Create(),
        new Command("guard", "Judge prompts and answers, and measure, calibrate and attack the one who judges.")
        {
            GuardCheckVerb.Create(),
            GuardRegenerateVerb.Create(),
            GuardEvaluateVerb.Create(),
            GuardCalibrateVerb.Create(),
            GuardAttackVerb.Create(),
        },
        TrainVerb.Create(),
        new Command("eval", "Measure trained models on held-out data.")
        {
            EvalPreferenceVerb.Create(),
            EvalJudgeVerb.Create(),
            EvalBenchVerb.Create(),
            EvalAnswersVerb.Create(),
            EvalScoreVerb.Create(),
            EvalCompareVerb.Create(),
        },
        CertifyVerb.Create(),
        AblateVerb.Create(),
        PlanVerb.Create(),
        new Command("audit", "Verify, sign, export and prune the gateway's audit trail.")
        {
            AuditVerifyVerb.Create(),
            AuditExportVerb.Create(),
            AuditKeyVerb.Create(),
            AuditCheckpointVerb.Create(),
            AuditProveVerb.Create(),
            AuditForgetVerb.Create(),
            AuditHoldVerb.Create(),
            AuditRetainVerb.Create(),
        },
        new Command("data", "Import, read, check, describe, convert, make, label and annotate BeaverTails-V data sets.")
        {
            DataImportVerb.Create(),
            DataInspectVerb.Create(),
            DataValidateVerb.Create(),
            DataStatsVerb.Create(),
            DataCategoriesVerb.Create(),
            DataConvertVerb.Create(),
            DataDedupeVerb.Create(),
            DataSplitVerb.Create(),
            DataMakeVerb.Create(),
            DataLabelVerb.Create(),
            DataQueueVerbs.Create(),
            DataAnnotateVerb.Create(),
        },
        new Command("model", "Describe, make, convert, merge and extract checkpoints, and write their cards.")
        {
            ModelInfoVerb.Create(),
            ModelInitVerb.Create(),
            ModelConvertVerb.Create(),
            ModelMergeVerb.Create(),
            ModelExtractVerb.Create(),
            ModelExportVerb.Create(),
            ModelCardVerb.Create(),
        },
        ParityVerb.Create(),
        DoctorVerb.Create(),
        CompletionVerb.Create(),
        ReferenceVerb.Create(),
        new Command("world", "The built-in world that the demo trains on.")
        {
            WorldGenerateVerb.Create(),
        },
    };
}
