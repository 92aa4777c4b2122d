using System;
using System.IO;
using System.Text;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

/// <summary>Marks one entry of an ELF file's version needs (.gnu.version_r) as weak, so that a missing version is a warning, not an error.</summary>
public class WeakenVersionNeed : Task
{
    private const uint SectionVersionNeed = 0x6ffffffe;
    private const ushort FlagWeak = 0x2;

    [Required] public string File { get; set; }
    [Required] public string VersionName { get; set; }

    public override bool Execute()
    {
        byte[] elf = System.IO.File.ReadAllBytes(File);
        if (elf.Length < 64 || elf[0] != 0x7f || elf[1] != 'E' || elf[4] != 2 || elf[5] != 1)
        {
            Log.LogError("{0} is not a 64-bit little-endian ELF file.", File);
            return false;
        }
        bool changed = false;
        long headers = BitConverter.ToInt64(elf, 0x28);
        int headerSize = BitConverter.ToUInt16(elf, 0x3a), count = BitConverter.ToUInt16(elf, 0x3c);
        for (int i = 0; i < count; i++)
        {
            long header = headers + (long)i * headerSize;
            if (BitConverter.ToUInt32(elf, (int)header + 4) != SectionVersionNeed) continue;
            long section = BitConverter.ToInt64(elf, (int)header + 0x18);
            uint link = BitConverter.ToUInt32(elf, (int)header + 0x28);
            long names = BitConverter.ToInt64(elf, (int)(headers + link * (long)headerSize) + 0x18);
            for (long need = section; ;)
            {
                long aux = need + BitConverter.ToUInt32(elf, (int)need + 8);
                for (int left = BitConverter.ToUInt16(elf, (int)need + 2); left > 0; left--)
                {
                    if (NameAt(elf, names + BitConverter.ToUInt32(elf, (int)aux + 8)) == VersionName && (elf[aux + 4] & FlagWeak) == 0)
                    {
                        elf[aux + 4] |= (byte)FlagWeak;
                        changed = true;
                    }
                    aux += BitConverter.ToUInt32(elf, (int)aux + 12);
                }
                uint next = BitConverter.ToUInt32(elf, (int)need + 12);
                if (next == 0) break;
                need += next;
            }
        }
        if (!changed) return true;
        DateTime written = System.IO.File.GetLastWriteTimeUtc(File);
        System.IO.File.Delete(File);
        System.IO.File.WriteAllBytes(File, elf);
        System.IO.File.SetLastWriteTimeUtc(File, written); // so that the next build does not copy the original over it
        return true;
    }

    private static string NameAt(byte[] elf, long start)
    {
        int end = (int)start;
        while (elf[end] != 0) end++;
        return Encoding.ASCII.GetString(elf, (int)start, end - (int)start);
    }
}
