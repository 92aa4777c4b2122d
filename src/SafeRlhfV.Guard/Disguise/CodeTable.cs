namespace SafeRlhfV.Guard;

/// <summary>The digits of a code, such as Base64.</summary>
internal sealed class CodeTable
{
    private readonly sbyte[] values = new sbyte[0x80];

    /// <summary>Makes the table.</summary>
    /// <param name="digits">The digits by their values, from 0 on.</param>
    /// <param name="others">What else stands for the last of them.</param>
    public CodeTable(string digits, string others = "")
    {
        Array.Fill(values, (sbyte)-1);
        for (int i = 0; i < digits.Length; i++) values[digits[i]] = (sbyte)i;
        for (int i = 0; i < others.Length; i++) values[others[i]] = (sbyte)(digits.Length - others.Length + i);
    }

    /// <summary>A digit's value; -1 for what is none.</summary>
    public int Value(char letter) => letter < values.Length ? values[letter] : -1;
}
