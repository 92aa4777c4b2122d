using SafeRlhfV.Testing;

namespace SafeRlhfV.Annotation.Tests;

public sealed class MakingSettingsTests
{
    [Fact]
    public void TheRecipeIsSound()
    {
        MakingSettings settings = MakingSettingsReader.Load(Path.Combine(Golden.RepositoryRoot(), "recipes", "data-make.yaml"));
        Assert.Equal(("asker", "judge", 2, 0.75), (settings.Asker.Name, settings.Judging.Model.Name, settings.Judging.Repeats, settings.Judging.Agreement));
        Assert.Equal(["answerer-a", "answerer-b"], settings.Answerers.Select(model => model.Name));
        Assert.Single(settings.Endpoints);
    }

    [Fact]
    public void AllFaultsAreReportedTogetherWithTheirLines()
    {
        InvalidInputException error = Assert.Throws<InvalidInputException>(() => MakingSettingsReader.Parse("""
            sed: 1
            endpoints:
              - { name: one, address: nowhere, key_env: SAFERLHFV_TEST_NOT_SET, timeout: 5 }
            models:
              - { name: asker, endpoint: two }
              - { name: asker, endpoint: one, temperature: 9 }
            questions: { model: asker, categories: [ cats ], severities: [ 4 ] }
            answers: { models: [ asker ] }
            judge: { model: nobody, agreement: 0.2 }
            """, "make.yaml"));
        Assert.DoesNotContain('\n', error.Message);
        foreach (string part in (string[])
        [
            "make.yaml has 12 faults", "line 1: sed: unknown key", "line 3: endpoints[0].address: 'nowhere'",
            "line 3: endpoints[0].key_env: the environment variable SAFERLHFV_TEST_NOT_SET is not set",
            "line 3: endpoints[0].timeout: '5'", "line 5: models[0].endpoint: there is no endpoint 'two'", "line 6: models[1].temperature: '9'",
            "line 6: models[1].name: the name asker is taken",
            "line 7: questions.categories: 'cats'", "line 7: questions.severities: '4'", "line 8: answers.models: name at least two",
            "line 9: judge.model: there is no model 'nobody'", "line 9: judge.agreement: '0.2'",
        ]) Assert.Contains(part, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("endpoints: 5")]
    [InlineData("- a list")]
    [InlineData("questions: { model: x")]
    public void NonsenseIsOneLine(string yaml) => Assert.DoesNotContain('\n',
        Assert.Throws<InvalidInputException>(() => MakingSettingsReader.Parse(yaml)).Message);
}
