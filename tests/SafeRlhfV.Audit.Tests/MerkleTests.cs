using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using CsCheck;
using Org.BouncyCastle.Math;
using Org.BouncyCastle.Security;
using Org.BouncyCastle.Tsp;
using BouncyX509 = Org.BouncyCastle.X509;

namespace SafeRlhfV.Audit.Tests;

/// <summary>Trees, signed notes and time stamps, held to published vectors.</summary>
public sealed class MerkleTests
{
    // the tree of the Certificate Transparency reference code
    private static readonly string[] Leaves = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];

    private static readonly string[] Roots =
    [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c", "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    [Fact]
    public void RootsAreThoseOfTheReference()
    {
        MerkleFrontier tree = new();
        for (int i = 0; i < Leaves.Length; i++)
        {
            tree.Append(MerkleTree.LeafHash(Convert.FromHexString(Leaves[i])));
            Assert.Equal(Roots[i], Convert.ToHexStringLower(tree.Root));
            Assert.Equal(Roots[i], Convert.ToHexStringLower(MerkleFrontier.Parse(tree.Size, tree.ToString())!.Root));
        }
        Assert.Null(MerkleFrontier.Parse(7, tree.ToString()));
    }

    // Every pair of sizes; and whatever is changed in a proof or a root, it no longer proves anything.
    [Fact]
    public void AProofShowsThatATreeIsTheBeginningOfAnother()
    {
        byte[][] leaves = [.. Enumerable.Range(0, 40).Select(i => MerkleTree.LeafHash([(byte)i]))];
        byte[][] roots = [.. Enumerable.Range(0, 41).Select(size => Tree(leaves, size).Root)];
        for (int second = 1; second <= 40; second++)
        {
            for (int first = 1; first <= second; first++)
            {
                IReadOnlyList<byte[]> proof = Tree(leaves, first).Prove([.. leaves[first..second]]);
                Assert.True(MerkleTree.IsConsistent(first, second, roots[first], roots[second], proof), $"{first} in {second}");
                if (first == second) continue;
                Assert.False(MerkleTree.IsConsistent(first, second, roots[first - 1], roots[second], proof));
                Assert.False(MerkleTree.IsConsistent(first, second, roots[first], roots[second - 1], proof));
                for (int i = 0; i < proof.Count; i++)
                {
                    byte[][] changed = [.. proof];
                    changed[i] = SHA256.HashData(changed[i]);
                    Assert.False(MerkleTree.IsConsistent(first, second, roots[first], roots[second], changed));
                }
            }
        }
    }

    // the example of the note package that C2SP's signed notes come from
    [Fact]
    public void NotesAreThoseOfTheReference()
    {
        const string Text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
        AuditSigner signer = AuditSigner.Parse("PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz", "the example");
        Assert.Equal("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", signer.Verifier.ToString());
        string note = SignedNote.Sign(Text, signer);
        Assert.Equal(
            $"{Text}\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n", note);
        Assert.Equal(Text, SignedNote.Open(note, signer.Verifier));
        Assert.Equal(Text, SignedNote.Open(note + "— witness.example " + Convert.ToBase64String(new byte[68]) + "\n", signer.Verifier));
        Assert.Null(SignedNote.Open(note.Replace("nAM=", "nAP="), signer.Verifier)); // the same bytes in another spelling
        foreach (string more in (string[])["x", "a line\n", "— name\n", "— a b c\n"]) Assert.Null(SignedNote.Open(note + more, signer.Verifier));
        Gen.Select(Gen.Int[0, note.Length - 2], Gen.Char.AlphaNumeric).Sample((at, letter) =>
        {
            if (note[at] != letter) Assert.Null(SignedNote.Open(note[..at] + letter + note[(at + 1)..], signer.Verifier));
        });
    }

    [Theory]
    [InlineData("a key")]
    [InlineData("PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")]
    [InlineData("Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")]
    public void WhatIsNoKeyIsRefused(string text)
    {
        Assert.Throws<InvalidInputException>(() => AuditVerifier.Parse(text, "a file"));
        Assert.Throws<InvalidInputException>(() => AuditSigner.Parse("PRIVATE+KEY+" + text, "a file"));
    }

    [Fact]
    public void ATimeStampCoversItsNote()
    {
        const string Note = "gateway.example/audit/main\n3\nAAAA\n\n— signature\n";
        byte[] token = Stamp(Note, out byte[] certificate);
        (DateTimeOffset at, string signer) = TimestampToken.Verify(token, Note, certificate, "the token");
        Assert.InRange(DateTimeOffset.UtcNow - at, TimeSpan.FromMinutes(-1), TimeSpan.FromMinutes(1));
        Assert.Contains("A test authority", signer);
        Assert.Contains("covers something else", Assert.Throws<InvalidInputException>(() => TimestampToken.Verify(token, Note + " ", null, "it")).Message);
        Stamp(Note, out byte[] another);
        Assert.Throws<InvalidInputException>(() => TimestampToken.Verify(token, Note, another, "it"));
        token[^5] ^= 1;
        Assert.Throws<InvalidInputException>(() => TimestampToken.Verify(token, Note, certificate, "it"));
        Assert.Throws<InvalidInputException>(() => TimestampToken.Verify([1, 2, 3], Note, certificate, "it"));
    }

    /// <summary>What a time-stamping authority would answer.</summary>
    internal static byte[] Stamp(string note, out byte[] certificate)
    {
        using RSA key = RSA.Create(2048);
        CertificateRequest request = new("CN=A test authority", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.8")], critical: true));
        using X509Certificate2 made = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        certificate = made.RawData;
        BouncyX509.X509Certificate bouncy = DotNetUtilities.FromX509Certificate(made);
        TimeStampTokenGenerator generator = new(DotNetUtilities.GetRsaKeyPair(key).Private, bouncy, TspAlgorithms.Sha256, "1.2.3.4");
        generator.SetCertificates(Org.BouncyCastle.Utilities.Collections.CollectionUtilities.CreateStore([bouncy]));
        TimeStampRequestGenerator asking = new();
        asking.SetCertReq(true);
        TimeStampRequest asked = asking.Generate(TspAlgorithms.Sha256, SHA256.HashData(Encoding.UTF8.GetBytes(note)));
        return generator.Generate(asked, BigInteger.One, DateTime.UtcNow).GetEncoded();
    }

    private static MerkleFrontier Tree(byte[][] leaves, int size)
    {
        MerkleFrontier tree = new();
        foreach (byte[] leaf in leaves[..size]) tree.Append(leaf);
        return tree;
    }
}
