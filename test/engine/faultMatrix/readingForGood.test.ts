import { testPart } from './testPart';

testPart('readingForGood');
